"""What axe-core finds wrong in a page as it stands: the one way every test of ours asks."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# WCAG 2.2 AA, as decided, and what axe calls good practice.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """async (tags) => {
  const options = {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']};
  const {violations} = await axe.run(document, options);
  return violations.flatMap((v) => v.nodes.map((n) =>
    `${v.id}: ${n.html.slice(0, 160)} (${n.failureSummary.replace(/\\s+/g, ' ')})`));
}"""


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def axe_faults(page: "Page") -> list[str]:
    """Each fault as "rule: markup (what to mend)". The page's policy does not stop it."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    found: Any = page.evaluate(RUN, list(RULES))
    return [str(fault) for fault in found]
