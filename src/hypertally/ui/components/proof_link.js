// The address that opens the proof of a figure over the present view.

import { here } from "../route.js";

/** proofOf("global", "2026-11-20", "fees_usd"): frame/Proof.js lists the kinds. */
export const proofOf = (...parts) => here({ proof: parts.join(":") });

/** The proof of a figure of a TWAP: several wallets may have a TWAP of its number. */
export const proofOfTwap = ({ twap_id: id, wallet }, field) => proofOf("twap", id, field, wallet);
