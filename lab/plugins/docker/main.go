// The Pulumi plugin "docker": the upstream Terraform provider behind Pulumi's bridge, with the tokens and property names of the npm package @pulumi/docker.
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
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is set by the linker.
var version = "0.0.0"

func main() {
	resources := map[string]string{
		"docker_buildx_builder": "BuildxBuilder",
		"docker_config":         "ServiceConfig",
		"docker_container":      "Container",
		"docker_image":          "RemoteImage",
		"docker_network":        "Network",
		"docker_plugin":         "Plugin",
		"docker_registry_image": "RegistryImage",
		"docker_secret":         "Secret",
		"docker_service":        "Service",
		"docker_tag":            "Tag",
		"docker_volume":         "Volume",
	}
	functions := map[string]string{
		"docker_image":                    "getRemoteImage",
		"docker_logs":                     "getLogs",
		"docker_network":                  "getNetwork",
		"docker_plugin":                   "getPlugin",
		"docker_registry_image":           "getRegistryImage",
		"docker_registry_image_manifests": "getRegistryImageManifests",
	}
	info := tfbridge.ProviderInfo{
		P:           shim.NewProvider(provider.New(version)()),
		Name:        "docker",
		Version:     version,
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for name, token := range resources {
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource("docker", "index", token)}
	}
	for name, token := range functions {
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource("docker", "index", token)}
	}
	// Plural and singular as in the npm package, and an image has the name that it is given.
	info.Config = map[string]*tfbridge.SchemaInfo{"registry_auth": {Name: "registryAuth"}}
	info.Resources["docker_container"].Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info.Resources["docker_image"].Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}
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
	tfbridge.Main("docker", version, info, schema)
}
