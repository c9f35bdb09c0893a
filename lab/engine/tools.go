//go:build tools

// Package tools makes the engine's command a dependency of this module, so that go.mod can name its version.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
