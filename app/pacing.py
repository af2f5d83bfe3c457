"""The task that measures how quickly a core makes clips on this machine."""

from collections.abc import Generator
from dataclasses import asdict, dataclass

from app.jobs import Result, Told, Tools
from voyager_lite.pace import measure_pace


@dataclass(frozen=True, kw_only=True)
class MeasurePace:
    """Make one clip that nobody keeps.

    Attributes:
        core: What makes it.
        height: Of its frames.
        width: Of its frames.
    """

    core: str
    height: int
    width: int
    title: str = "measuring"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """One clip, at once."""
        tools.tell(Told(text="loading the core"))
        explorer = tools.explorer(self.core)

        def told(step: int, steps: int) -> None:
            tools.tell(Told(text=f"one clip that nobody keeps, step {step} of {steps}", share=step / steps))

        pace = measure_pace(explorer.generator, height=self.height, width=self.width, progress=told)
        yield
        return {"pace": asdict(pace)}
