// The Pulumi plugin "rabbitmq": the upstream Terraform provider behind Pulumi's bridge, with the tokens and property names of the npm package @pulumi/rabbitmq.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/terraform-providers/terraform-provider-rabbitmq/rabbitmq"
)

// version is set by the linker.
var version = "0.0.0"

func main() {
	resources := map[string]string{
		"rabbitmq_binding":             "Binding",
		"rabbitmq_exchange":            "Exchange",
		"rabbitmq_federation_upstream": "FederationUpstream",
		"rabbitmq_operator_policy":     "OperatorPolicy",
		"rabbitmq_permissions":         "Permissions",
		"rabbitmq_policy":              "Policy",
		"rabbitmq_queue":               "Queue",
		"rabbitmq_shovel":              "Shovel",
		"rabbitmq_topic_permissions":   "TopicPermissions",
		"rabbitmq_user":                "User",
		"rabbitmq_vhost":               "VHost",
	}
	functions := map[string]string{
		"rabbitmq_exchange": "getExchange",
		"rabbitmq_user":     "getUser",
		"rabbitmq_vhost":    "getVHost",
	}
	info := tfbridge.ProviderInfo{
		P:           shim.NewProvider(rabbitmq.Provider()),
		Name:        "rabbitmq",
		Version:     version,
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for name, token := range resources {
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource("rabbitmq", "index", token)}
	}
	for name, token := range functions {
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource("rabbitmq", "index", token)}
	}
	// Names that a program leaves out are made from the resource's name, as the official plugin does.
	info.SetAutonaming(255, "-")

	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})
	// No documentation is looked for: the plugin would call Go for it at every start.
	result, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{ProviderInfo: info, DiagnosticsSink: sink, XInMemoryDocs: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot derive the schema:", err)
		os.Exit(1)
	}
	schema, err := json.Marshal(result.PackageSpec)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot write the schema:", err)
		os.Exit(1)
	}
	tfbridge.Main("rabbitmq", version, info, schema)
}
