#!/bin/bash
# Three nodes of the dev stack under faults with a ledger: nothing that was confirmed is lost, and each fault raises its alert.
set -euo pipefail
cd "$(dirname "$0")/../.."
export WARREN_STACK=e2e-faults CI=true
exec node --import tsx --conditions=warren-source testing/stack-faults.ts
