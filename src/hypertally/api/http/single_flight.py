"""Single flight: work that several callers ask for at the same time is done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SingleFlight(Generic[Key, Result]):
    """Running tasks by key: a caller who asks for a running task waits for its result."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Result]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    async def run(self, key: Key, start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Return the result of the task of `key`; start the task unless it is running."""
        # A caller who hangs up must not cancel the task for the other callers.
        return await asyncio.shield(self.start(key, start))

    def start(
        self, key: Key, start: Callable[[], Coroutine[Any, Any, Result]]
    ) -> asyncio.Task[Result]:
        """Return the task of `key`, which is started unless it is running."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(start())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    def _forget(self, key: Key, task: asyncio.Task[Result]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # marked as retrieved even when every caller has hung up
