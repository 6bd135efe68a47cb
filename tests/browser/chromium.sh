#!/bin/sh
# The machine's Chromium: the one without windows, as Playwright has it, where it is installed; else the whole one
# without the address bar's suggestions, which it draws as web pages of their own with each window: a fifth of all that
# the tests cost. They are named here, as Playwright names a list of such features, and of two lists Chromium takes the
# last.
for argument; do
    shift
    case $argument in
    --disable-features=*) argument="$argument,WebUIOmniboxPopup,WebUIOmniboxAimPopup" ;;
    esac
    set -- "$@" "$argument"
done
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exec "$name" "$@"
    fi
done
echo "the browser tests need Chromium: install it (on Debian: chromium)" >&2
exit 127
