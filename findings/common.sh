# Sourced by every finding: a temporary environment with the packages that are named, and its python as $PY.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
install() {
  python3 -m venv "$place/venv"
  PY="$place/venv/bin/python"
  "$PY" -m pip install --quiet --disable-pip-version-check "$@"
  cd "$place"
}
