"""Which files of which releases the benchmark is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Source:
    """Pages of one project in two releases; `part` is `tune` or `held`, `file` the output."""

    project: str
    old: str
    new: str
    glob: str
    part: str
    file: str
    pages: int

    @property
    def group(self) -> str:
        """What kind of page it is."""
        return self.file

    def scaled(self, scale: float) -> Source:
        """The same with another number of pages."""
        return replace(self, pages=max(1, round(self.pages * scale)))


def _many(
    project: str, old: str, new: str, glob: str, names: str, part: str, file: str, pages: int
) -> list[Source]:
    return [
        Source(f"{project}-{name}", old, new, glob.format(name), part, file, pages)
        for name in names.split()
    ]


_FASTAPI = ("fastapi", "fastapi-0.88.0", "fastapi-0.110.0", "docs/{}/docs/**/*.md")
_DJANGO_PO = ("django-po", "django-3.0", "django-5.1", "django/**/locale/{}/LC_MESSAGES/django.po")
_TYPESCRIPT = (
    "typescript",
    "typescript-4.9.5",
    "typescript-5.4.5",
    "lib/{}/diagnosticMessages.generated.json",
)

SOURCES: list[Source] = [
    Source("django", "django-4.2", "django-5.1", "docs/**/*.txt", "tune", "docs", 16),
    Source(
        "sqlalchemy", "sqlalchemy-1.4.40", "sqlalchemy-2.0.30", "doc/**/*.rst", "tune", "docs", 14
    ),
    Source("celery", "celery-5.3.0", "celery-5.4.0", "docs/**/*.rst", "tune", "docs", 4),
    Source("flask", "flask-2.0.0", "flask-3.0.3", "docs/**/*.rst", "tune", "docs", 10),
    Source("sphinx", "sphinx-4.5.0", "sphinx-7.4.0", "doc/**/*.rst", "tune", "docs", 10),
    Source("attrs", "attrs-21.4.0", "attrs-24.2.0", "docs/**/*.rst", "tune", "docs", 4),
    Source("fastify", "fastify-3.0.0", "fastify-4.28.0", "**/*.md", "tune", "docs", 8),
    Source("pelican", "pelican-4.5.0", "pelican-4.9.1", "docs/*.rst", "tune", "docs", 6),
    Source("npm-html", "npm-7.24.0", "npm-10.8.0", "docs/**/*.html", "tune", "docs", 10),
    Source("hvplot", "hvplot-0.7.0", "hvplot-0.10.0", "**/*.ipynb", "tune", "notebooks", 8),
    Source(
        "nbconvert", "nbconvert-6.0.0", "nbconvert-7.16.0", "**/*.ipynb", "tune", "notebooks", 4
    ),
    *_many(*_FASTAPI, "ja pt fr de uk tr pl", "tune", "scripts", 6),
    *_many(*_DJANGO_PO, "he hi ko zh_Hans el", "tune", "scripts", 3),
    *_many(*_TYPESCRIPT, "ja ru zh-cn", "tune", "scripts", 1),
    Source("element-ui", "element-ui-2.10.0", "element-ui-2.15.14", "*.md", "tune", "scripts", 7),
    Source("sympy", "sympy-1.9", "sympy-1.13.0", "doc/**/*.rst", "held", "docs", 14),
    Source("scrapy", "scrapy-2.5.0", "scrapy-2.11.2", "docs/**/*.rst", "held", "docs", 12),
    Source("networkx", "networkx-2.8", "networkx-3.3", "doc/**/*.rst", "held", "docs", 8),
    Source("werkzeug", "werkzeug-2.0.0", "werkzeug-3.0.3", "docs/**/*.rst", "held", "docs", 10),
    Source(
        "borgbackup", "borgbackup-1.1.17", "borgbackup-1.2.8", "docs/**/*.rst", "held", "docs", 8
    ),
    Source("pytest", "pytest-6.2.5", "pytest-8.2.0", "doc/**/*.rst", "held", "docs", 12),
    Source("jinja2", "jinja2-2.11.3", "jinja2-3.1.4", "docs/*.rst", "held", "docs", 6),
    Source("xarray", "xarray-0.20.0", "xarray-2024.6.0", "doc/**/*.rst", "held", "docs", 8),
    Source("ipython", "ipython-7.20.0", "ipython-8.20.0", "**/*.ipynb", "held", "notebooks", 8),
    Source("nbsphinx", "nbsphinx-0.8.0", "nbsphinx-0.9.3", "**/*.ipynb", "held", "notebooks", 8),
    *_many(*_FASTAPI, "ru ko zh es fa", "held", "scripts", 7),
    *_many(*_DJANGO_PO, "ar th ja fa zh_Hant ru", "held", "scripts", 3),
    *_many(*_TYPESCRIPT, "ko pl", "held", "scripts", 1),
    Source("vconsole", "vconsole-3.3.0", "vconsole-3.15.0", "**/*.md", "held", "scripts", 6),
]
