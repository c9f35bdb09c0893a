// Where the cluster is: the provider's settings and the kubeconfig, as kubectl would read it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// settings are the provider's, by their names in the npm package; every value is text, and an empty one is as good as none.
type settings map[string]string

// isOn: the setting goes before the environment variable.
func (s settings) isOn(name, environment string) bool {
	if value := s[name]; value != "" {
		return value == "true"
	}
	return os.Getenv(environment) == "true"
}

// refusal names what only the official plugin does; an empty text if there is nothing of the kind.
func (s settings) refusal() (name, reason string) {
	const remedy = "; install the official plugin of this version for it (`pulumi plugin install resource kubernetes`)"
	if value := s["enableServerSideApply"]; value == "false" || (value == "" && os.Getenv("PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY") == "false") {
		return "enableServerSideApply", "this plugin knows server-side apply only, so it cannot be switched off" + remedy
	}
	if s["renderYamlToDirectory"] != "" {
		return "renderYamlToDirectory", "this plugin does not render manifests" + remedy
	}
	return "", ""
}

// loadKubeconfig reads the setting `kubeconfig`, a path or the contents.
func loadKubeconfig(pathOrContents string) (*clientapi.Config, error) {
	if !strings.ContainsAny(pathOrContents, "\n{") {
		path := pathOrContents
		if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(path, "~/") {
			path = filepath.Join(home, path[2:])
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("the kubeconfig %s cannot be read: %w", path, errors.Unwrap(err))
		}
		return clientcmd.LoadFromFile(path)
	}
	config, err := clientcmd.Load([]byte(pathOrContents))
	if err != nil {
		// The decoder repeats what it could not read, tokens among it.
		return nil, errors.New("the contents given as kubeconfig are not a kubeconfig")
	}
	return config, nil
}

// clientConfig finds the cluster; its second value is the namespace for objects that name none.
func (s settings) clientConfig() (*rest.Config, string, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: s["context"],
		Context:        clientapi.Context{Cluster: s["cluster"], Namespace: s["namespace"]},
	}
	var kubeconfig clientcmd.ClientConfig
	if given := s["kubeconfig"]; given != "" {
		loaded, err := loadKubeconfig(given)
		if err != nil {
			return nil, "", err
		}
		kubeconfig = clientcmd.NewDefaultClientConfig(*loaded, overrides)
	} else {
		kubeconfig = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides)
	}
	config, err := kubeconfig.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("the kubeconfig names no cluster that can be used: %w", err)
	}
	namespace, _, err := kubeconfig.Namespace()
	if err != nil || namespace == "" {
		namespace = "default"
	}
	config.UserAgent = "pulumi-kubernetes/" + version
	config.WarningHandler = rest.NoWarnings{}
	return config, namespace, s.tune(config)
}

// tune sets the pace of requests: the setting goes before the environment, which goes before the official plugin's defaults.
func (s settings) tune(config *rest.Config) error {
	given := struct {
		Burst   *int     `json:"burst"`
		QPS     *float32 `json:"qps"`
		Timeout *int     `json:"timeout"`
	}{}
	if text := s["kubeClientSettings"]; text != "" {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return errors.New("kubeClientSettings: expected an object with the numbers burst, qps and timeout (seconds)")
		}
	}
	config.Burst, config.QPS = 120, 50
	for name, set := range map[string]func(float64){
		"PULUMI_K8S_CLIENT_BURST":   func(value float64) { config.Burst = int(value) },
		"PULUMI_K8S_CLIENT_QPS":     func(value float64) { config.QPS = float32(value) },
		"PULUMI_K8S_CLIENT_TIMEOUT": func(value float64) { config.Timeout = time.Duration(value * float64(time.Second)) },
	} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%s: expected a number, got %q", name, text)
		}
		set(value)
	}
	if given.Burst != nil {
		config.Burst = *given.Burst
	}
	if given.QPS != nil {
		config.QPS = *given.QPS
	}
	if given.Timeout != nil {
		config.Timeout = time.Duration(*given.Timeout) * time.Second
	}
	return nil
}

// activeCluster is the entry of the kubeconfig that the settings choose: another one is another cluster, as far as a kubeconfig can tell.
func (s settings) activeCluster() *clientapi.Cluster {
	var config *clientapi.Config
	var err error
	if given := s["kubeconfig"]; given != "" {
		config, err = loadKubeconfig(given)
	} else {
		config, err = clientcmd.NewDefaultClientConfigLoadingRules().Load()
	}
	if err != nil {
		return nil
	}
	name := s["cluster"]
	if name == "" {
		context := s["context"]
		if context == "" {
			context = config.CurrentContext
		}
		if chosen := config.Contexts[context]; chosen != nil {
			name = chosen.Cluster
		}
	}
	chosen := config.Clusters[name]
	if chosen == nil {
		return nil
	}
	// Another file with the same entry is no other cluster.
	chosen = chosen.DeepCopy()
	chosen.LocationOfOrigin = ""
	return chosen
}
