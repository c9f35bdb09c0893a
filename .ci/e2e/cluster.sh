#!/bin/bash
# The dev stack from one node to three and back, restarted node by node and put under TLS, with a publisher running: no message may be lost, and nothing may stay.
set -euo pipefail
cd "$(dirname "$0")/../.."
export WARREN_STACK=e2e-cluster CI=true
exec node --import tsx --conditions=warren-source testing/stack-cluster.ts
