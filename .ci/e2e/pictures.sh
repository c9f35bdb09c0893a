#!/bin/bash
# Takes the pictures of docs/ui.md anew, of the live page on a real broker in Chromium. Fails where one cannot be taken, or the page has an error in its console.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CI=true
pictures=(docs/ui-light.png docs/ui-dark.png docs/ui-contextiq-light.png docs/ui-contextiq-dark.png)
began=$(mktemp)
trap 'rm -f "$began"' EXIT
node lab/start.mjs exec npx tsx docs/ui.gen.ts
for picture in "${pictures[@]}"; do
	if [ ! "$picture" -nt "$began" ]; then
		echo "$picture was not taken" >&2
		exit 1
	fi
done
