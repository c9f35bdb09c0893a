#!/bin/bash
# The monitoring of the dev stack: all targets up, every query of rules and dashboards answered by the real Prometheus, alerts provoked up to Alertmanager.
set -euo pipefail
cd "$(dirname "$0")/../.."
export WARREN_STACK=e2e-monitoring CI=true
exec node --import tsx --conditions=warren-source testing/stack-monitoring.ts
