"""Which files of which releases the benchmark is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Pages of one project in two releases; `file` is the output.

    `part`: `tune` and `more` are learned from, `more` being too large to be committed; `check` is
    scored now and then, `final` once.
    """

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
    Source("sympy", "sympy-1.9", "sympy-1.13.0", "doc/**/*.rst", "tune", "docs", 14),
    Source("scrapy", "scrapy-2.5.0", "scrapy-2.11.2", "docs/**/*.rst", "tune", "docs", 12),
    Source("networkx", "networkx-2.8", "networkx-3.3", "doc/**/*.rst", "tune", "docs", 8),
    Source("werkzeug", "werkzeug-2.0.0", "werkzeug-3.0.3", "docs/**/*.rst", "tune", "docs", 10),
    Source(
        "borgbackup", "borgbackup-1.1.17", "borgbackup-1.2.8", "docs/**/*.rst", "tune", "docs", 8
    ),
    Source("pytest", "pytest-6.2.5", "pytest-8.2.0", "doc/**/*.rst", "tune", "docs", 12),
    Source("jinja2", "jinja2-2.11.3", "jinja2-3.1.4", "docs/*.rst", "tune", "docs", 6),
    Source("xarray", "xarray-0.20.0", "xarray-2024.6.0", "doc/**/*.rst", "tune", "docs", 8),
    Source("ipython", "ipython-7.20.0", "ipython-8.20.0", "**/*.ipynb", "tune", "notebooks", 8),
    Source("nbsphinx", "nbsphinx-0.8.0", "nbsphinx-0.9.3", "**/*.ipynb", "tune", "notebooks", 8),
    *_many(*_FASTAPI, "ru ko zh es fa", "tune", "scripts", 7),
    *_many(*_DJANGO_PO, "ar th ja fa zh_Hant ru", "tune", "scripts", 3),
    *_many(*_TYPESCRIPT, "ko pl", "tune", "scripts", 1),
    Source("vconsole", "vconsole-3.3.0", "vconsole-3.15.0", "**/*.md", "tune", "scripts", 6),
]


def _docs(part: str, pages: int, *releases: str) -> list[Source]:
    """Documentation of several projects: `project old new glob` each."""
    return [
        Source(project, f"{project}-{old}", f"{project}-{new}", glob, part, "docs", pages)
        for project, old, new, glob in (release.split() for release in releases)
    ]


def _messages(part: str, project: str, old: str, new: str, glob: str, names: str) -> list[Source]:
    """Translations of one project, up to three catalogues a language."""
    releases = f"{project}-{old}", f"{project}-{new}"
    return _many(project, *releases, glob, names, part, "scripts", 3)


_LC = "**/{}/LC_MESSAGES/*.po"
SOURCES += [
    *_docs(
        "more", 18,
        "aiohttp 3.5.4 3.9.5 docs/*.rst",
        "ansible 2.6.20 2.9.27 docs/docsite/rst/**/*.rst",
        "astropy 4.0.6 6.0.1 docs/**/*.rst",
        "breezy 3.0.2 3.3.21 doc/**/*.txt",
        "buildbot 1.8.2 3.11.9 docs/**/*.rst",
        "coverage 4.5.4 7.5.4 doc/*.rst",
        "docutils 0.14 0.20.1 docs/**/*.txt",
        "gunicorn 19.10.0 22.0.0 docs/source/*.rst",
        "lmfit 1.0.0 1.3.4 doc/*.rst",
        "matplotlib 3.2.2 3.8.4 doc/**/*.rst",
        "numpy 1.19.5 1.26.4 doc/source/**/*.rst",
        "pillow 7.2.0 10.3.0 docs/**/*.rst",
        "pip 20.2.4 24.0 docs/html/**/*.rst",
        "psycopg2 2.7.7 2.9.13 doc/src/*.rst",
        "roundup 1.6.1 2.4.0 doc/*.txt",
        "scikit-learn 0.22.2.post1 1.3.2 doc/**/*.rst",
        "scipy 1.5.4 1.11.4 doc/**/*.rst",
        "statsmodels 0.11.1 0.14.6 docs/source/**/*.rst",
        "traitlets 4.3.3 5.14.3 docs/source/*.rst",
        "trio 0.14.0 0.25.1 docs/source/*.rst",
    ),
    *_docs(
        "more", 14,
        "alembic 1.0.11 1.13.3 docs/**/*.rst",
        "babel 2.6.0 2.15.0 docs/**/*.rst",
        "cherrypy 17.4.2 18.10.0 docs/**/*.rst",
        "click 7.0 8.1.8 docs/*.rst",
        "cython 0.29.4 3.0.12 docs/src/**/*.rst",
        "falcon 2.0.0 3.1.3 docs/**/*.rst",
        "h5py 2.9.0 3.11.0 docs/**/*.rst",
        "kombu 4.4.0 5.3.7 docs/**/*.rst",
        "lxml 4.2.6 5.2.2 doc/*.txt",
        "markdown 3.1.1 3.6 docs/**/*.md",
        "marshmallow 3.0.5 3.21.3 docs/*.rst",
        "pandas 0.24.2 1.5.3 doc/source/**/*.rst",
        "paramiko 2.4.3 3.4.1 docs/**/*.html",
        "pygments 2.4.2 2.18.0 doc/**/*.rst",
        "pyinstaller 3.5 6.7.0 doc/**/*.rst",
        "pymongo 3.7.2 4.7.3 doc/**/*.rst",
        "simpy 3.0.13 4.1.2 docs/**/*.rst",
        "supervisor 3.4.0 4.2.5 docs/*.rst",
        "tables 3.5.2 3.9.2 doc/source/**/*.rst",
        "tox 3.9.0 3.28.0 docs/**/*.rst",
        "urllib3 1.24.3 2.2.3 docs/**/*.rst",
        "wtforms 2.2.1 3.1.2 docs/*.rst",
    ),
    *_docs(
        "more", 24,
        "django 3.0 4.2 docs/**/*.txt",
        "flask 2.0.0 3.0.3 docs/**/*.rst",
        "sphinx 4.5.0 7.4.0 doc/**/*.rst",
        "sqlalchemy 1.4.40 2.0.30 doc/build/**/*.rst",
    ),
    Source(
        "sqlalchemy-html", "sqlalchemy-1.4.40", "sqlalchemy-2.0.30", "doc/**/*.html", "more", "docs", 24
    ),
    Source("roundup-html", "roundup-1.6.1", "roundup-2.4.0", "share/**/*.html", "more", "docs", 16),
    Source("npm-html", "npm-7.24.0", "npm-10.8.0", "docs/**/*.html", "more", "docs", 20),
    Source("holoviews", "holoviews-1.13.5", "holoviews-1.19.2a0", "holoviews/**/*.ipynb", "more", "notebooks", 30),
    Source("panel", "panel-0.10.3", "panel-1.4.5", "examples/**/*.ipynb", "more", "notebooks", 30),
    Source("statsmodels", "statsmodels-0.11.1", "statsmodels-0.14.6", "**/*.ipynb", "more", "notebooks", 24),
    Source("notebook", "notebook-6.0.3", "notebook-6.5.7", "docs/**/*.ipynb", "more", "notebooks", 8),
    *_many(*_FASTAPI, "ja pt fr de uk tr pl", "more", "scripts", 15),
    *_messages("more", "plone_app_locales", "5.1.36", "6.0.31", _LC,
               "ar bg ca cs da el eu fa he hu ja ka ko nl pt_BR ru sv th tr uk vi zh_CN zh_TW hy"),
    *_messages("more", "wagtail", "2.9.3", "6.0.6", _LC, "ar de el fa fr he hu ja ko ru th tr zh_Hans"),
    *_messages("more", "spyder", "4.0.1", "5.5.6", _LC, "de es fr ja pt_BR ru zh_CN"),
    *_messages("more", "sphinx", "4.5.0", "7.4.0", _LC, "ar bn el fa he hi ja ko ru zh_CN zh_TW ta"),
    *_messages("more", "django", "3.0", "5.1", _LC, "he hi ko zh_Hans el bg hy ka"),
    *_messages("more", "breezy", "3.0.2", "3.3.21", "po/{}.po", "ar cs de es ja ko ru uk zh_CN"),
    *_docs(
        "tune", 12,
        "cryptography 3.0 42.0.8 docs/**/*.rst",
        "dask 2020.12.0 2023.12.1 docs/source/**/*.rst",
        "kivy 1.11.1 2.3.1 doc/**/*.rst",
        "mako 1.0.14 1.3.12 doc/**/*.html",
        "peewee 3.9.6 3.17.9 docs/**/*.rst",
        "tornado 5.1.1 6.4.2 docs/**/*.rst",
        "twisted 19.10.0 23.10.0 docs/**/*.rst",
        "zope.interface 4.7.2 6.4.post2 docs/**/*.rst",
    ),
    Source("datashader", "datashader-0.11.1", "datashader-0.16.3", "**/*.ipynb", "tune", "notebooks", 14),
    *_messages("tune", "trac", "1.2.6", "1.6", _LC, "ja ru zh_CN ko el fa he pt_BR uk"),
    *_docs(
        "check", 26,
        "beets 1.4.6 1.6.1 docs/**/*.rst",
        "mathjs 6.0.0 12.0.0 **/*.md",
        "pint 0.9 0.20.1 docs/**/*.rst",
        "pyqtgraph 0.10.0 0.13.3 doc/**/*.rst",
        "pyramid 1.6.5 2.0.1 docs/**/*.rst",
        "salt 3000.7 3006.8 doc/**/*.rst",
        "setuptools 46.1.1 69.0.2 docs/**/*.*t",
        "vispy 0.6.0 0.14.0 doc/**/*.rst",
        "webob 1.7.2 1.8.7 docs/**/*.*t",
    ),
    Source("geoviews", "geoviews-1.8.1", "geoviews-1.11.1", "examples/**/*.ipynb", "check", "notebooks", 24),
    *_messages("check", "horizon", "15.3.1", "23.0.2", _LC,
               "as brx de fr gu hi ja kn ko_KR mai mr ne pa_IN ru ta tr_TR ur zh_CN zh_TW"),
    *_docs(
        "final", 26,
        "certbot 0.31.0 2.7.2 docs/**/*.*t",
        "django-allauth 0.41.0 0.61.1 docs/**/*.rst",
        "mopidy 2.2.2 3.4.1 docs/**/*.rst",
        "numba 0.45.1 0.57.1 docs/**/*.rst",
        "passlib 1.6.5 1.7.4 docs/**/*.rst",
        "pyzmq 19.0.0 25.1.0 docs/**/*.*t",
        "rasterio 1.0.14 1.3.8 docs/**/*.rst",
        "scikit-image 0.16.2 0.22.0 doc/**/*.*t",
        "shapely 1.6.1 2.0.4 docs/**/*.rst",
    ),
    Source("ipyparallel", "ipyparallel-6.2.1", "ipyparallel-8.5.0", "**/*.ipynb", "final", "notebooks", 16),
    *_messages("final", "django-oscar", "1.6.5", "3.2", _LC, "ar bg el fa_IR hi ja ko th uk"),
    *_messages("final", "django-allauth", "0.41.0", "0.61.1", _LC, "ar el fa he ja ka ko ky ru th uk zh_Hans"),
]  # fmt: skip
