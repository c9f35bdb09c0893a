#!/bin/bash
# The five systems one after another in a stack of three nodes with monitoring, workers and load, each complete; with `--all` all of them at once too.
set -euo pipefail
cd "$(dirname "$0")/../.."
export WARREN_STACK=e2e-systems CI=true
exec node --import tsx --conditions=warren-source testing/stack-systems.ts "$@"
