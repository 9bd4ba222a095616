"""Every limit the API keeps, each with its reason."""

from typing import Final

# What one request may bring.
QUERY_BYTES_MAX: Final = 2_048  # the longest cursor, the longest coin name and the rest fit
PATH_BYTES_MAX: Final = 1_024  # the longest path of ours has under 200
HEADER_BYTES_MAX: Final = 16_384  # browsers send under 2 KB; a token with all claims under 4 KB
TOKEN_BYTES_MAX: Final = 8_192  # what a cookie or a header can carry through usual proxies
PAGE_ROWS_MAX: Final = 1_000  # a page of fills is then under 1 MB
PAGE_ROWS_DEFAULT: Final = 100
GAPS_SHOWN_MAX: Final = 1_000  # on the page of one wallet; the rest is in /coverage

# What answering may take.
STATEMENT_SECONDS_MAX: Final = 10  # the heaviest ranking of 10,000 wallets takes about two
ANSWER_SECONDS_MAX: Final = 15  # a statement at its limit and the wait for a connection
POOL_CONNECTIONS_MAX: Final = 8  # two cores are busy with four; eight hide the waits
ANSWERS_IN_FLIGHT_MAX: Final = 128  # sixteen for each connection: about a second of work waits
ANSWERS_IN_FLIGHT_PER_ORG_MAX: Final = 64  # one org alone can fill half of the room, never all
ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX: Final = 100  # a browser opens six; an office shares an address

# What an export may take: a list as CSV, sent page after page from one snapshot.
EXPORTS_MAX: Final = 4  # each holds a connection to its end: half of them stay for answers
EXPORTS_PER_ORG_MAX: Final = 2  # a person saves one file; no org takes all places
EXPORT_SEND_SECONDS_MAX: Final = 30  # for a page of some 500 KB: a slower client is gone
EXPORT_SECONDS_MAX: Final = 1_800  # millions of rows; a snapshot keeps dead rows from being removed
SHUTDOWN_SECONDS_MAX: Final = 5  # an answer under way may finish

# What a connection may hold.
CONNECTIONS_MAX: Final = 32_768  # sockets of one process; those beyond wait to be accepted
WAITING_CONNECTIONS_MAX: Final = 1_024  # to be accepted; the kernel refuses more
FILES_KEPT: Final = 256  # of what this process may open: for the database, files and libraries
HEAD_SECONDS_MAX: Final = 10  # for a whole head, and between two requests of a connection
FORM_SECONDS_MAX: Final = 10  # for the body of a form, as for a head
HEAD_BYTES_MAX: Final = 24_576  # of a whole head: more is not taken in

# What is kept in memory.
PROFILE_SECONDS_MAX: Final = 2  # how long an ended token, removed user or changed role can count
PROFILE_RENEWED_SECONDS: Final = 1  # then it is read again, while nobody has to wait for it
IDENTITIES_KEPT_MAX: Final = 10_000  # tokens in use at once; a few hundred bytes each
CACHE_BYTES_MAX: Final = 128 * 1024 * 1024  # a sixteenth of a small server's memory
CACHE_ENTRY_BYTES_MIN: Final = 2_048  # counted for each entry, so that tiny ones are bounded too
TARGETS_KEPT_MAX: Final = 10_000  # spellings whose target is remembered; at most 6 KB each
LOG_PAUSE_SECONDS: Final = 60  # an error of the same place is logged once in this time
PLACES_KEPT_MAX: Final = 1_000  # of errors; the program has fewer
COMPRESSED_BYTES_MIN: Final = 512  # below it compression saves no packet
COMPRESSED_INLINE_BYTES_MAX: Final = 65_536  # above it compressing would stall other answers

# Identity.
EXPIRY_MAX: Final = 253_402_300_799  # the end of the year 9999, which every clock can say
CLAIM_SHOWN_MAX: Final = 60  # characters of a claim that is refused; enough to recognise it
SECRET_BYTES_MIN: Final = 32  # HS256 needs a key as long as its hash (RFC 7518, 3.2)
CLOCK_LEEWAY_SECONDS: Final = 10  # clocks of servers differ by less
FORM_BYTES_MAX: Final = 3 * TOKEN_BYTES_MAX  # of the sign-in form: a token with letters encoded
SIGN_IN_SECONDS_MAX: Final = 3_600  # a sign-in token older than this is refused whatever it says
SESSION_SECONDS: Final = 12 * 3_600  # a working day
JWKS_FETCH_SECONDS_MAX: Final = 5  # an identity provider slower than this is away
JWKS_KEPT_SECONDS: Final = 300  # a withdrawn key is forgotten within five minutes
JWKS_RETRY_SECONDS: Final = 10  # tokens that name unknown keys ask the provider no more often

# A day without fills is known to be empty once every wallet is proved to this long ago: the
# slowest pace is an hour, and a pull may wait for its allowance.
PROOF_DUE_MINUTES: Final = 120

# While a wallet waits for its very first pull, answers change quickly and are kept this long.
SETTLING_SECONDS: Final = 5
# The page of an org without wallets shows the first ones as soon as they are added.
EMPTY_SECONDS: Final = 2

assert ANSWERS_IN_FLIGHT_PER_ORG_MAX < ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX < ANSWERS_IN_FLIGHT_MAX
assert EXPORTS_PER_ORG_MAX < EXPORTS_MAX <= POOL_CONNECTIONS_MAX // 2
assert STATEMENT_SECONDS_MAX < ANSWER_SECONDS_MAX
assert PROFILE_RENEWED_SECONDS < PROFILE_SECONDS_MAX
assert FORM_SECONDS_MAX < ANSWER_SECONDS_MAX  # who sends it is told, not that the database is away
# What is only a little too long is refused by us, in words; far more is not taken in at all.
assert HEADER_BYTES_MAX + PATH_BYTES_MAX + QUERY_BYTES_MAX < HEAD_BYTES_MAX
