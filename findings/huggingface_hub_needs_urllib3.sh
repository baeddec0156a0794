#!/usr/bin/env bash
# huggingface_hub 1.16.0, installed alone: InferenceClient cannot be imported.
#
# Guess: version 1 speaks through httpx alone, so a plain install has all that the package's own client needs.
# Seen: `from huggingface_hub import InferenceClient` ends in "No module named 'urllib3'": one of its providers imports urllib3,
# which the package does not require (it did come with requests, in version 0). Whoever imports the client on the way, such as
# gradio 6.31.0, does not start. 1.17.0 does without.
#
# In this project: 1.17 is the oldest version that is admitted, and CI imports everything with all lower bounds.
source "$(dirname "$0")/common.sh"
install huggingface-hub==1.16.0
if "$PY" -c "from huggingface_hub import InferenceClient" 2>seen.txt; then
  echo "it is imported now" >&2
  exit 1
fi
grep -F "No module named 'urllib3'" seen.txt
"$PY" -m pip install --quiet --disable-pip-version-check huggingface-hub==1.17.0
"$PY" -c "from huggingface_hub import InferenceClient, __version__; print(__version__, 'is imported')"
