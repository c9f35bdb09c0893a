// The connection to the cluster: which kinds it has, and the client of one object.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// reachTimeout is how long a cluster may take for its first answer.
const reachTimeout = 15 * time.Second

// mapperAge is how long what the cluster said of its kinds is believed when a kind is missing: a definition may just have been made.
const mapperAge = 500 * time.Millisecond

type cluster struct {
	client    dynamic.Interface
	namespace string
	mapper    *restmapper.DeferredDiscoveryRESTMapper

	mutex   sync.Mutex
	renewed time.Time
	// scopes are those of the kinds that this program defines; the cluster may not know them yet.
	scopes map[schema.GroupKind]bool
}

// connect asks the cluster for its version once, so that an unreachable one is known before anything is changed.
func connect(ctx context.Context, config *rest.Config, namespace string) (*cluster, error) {
	probe := rest.CopyConfig(config)
	probe.Timeout = reachTimeout
	asker, err := discovery.NewDiscoveryClientForConfig(probe)
	if err != nil {
		return nil, err
	}
	if err := asker.RESTClient().Get().AbsPath("/version").Do(ctx).Error(); err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	discoverer, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discoverer))
	return &cluster{client: client, namespace: namespace, mapper: mapper, scopes: map[schema.GroupKind]bool{}}, nil
}

// mapping finds the kind; one that is missing is looked for again, for a definition may have been made since.
func (c *cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	found, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err == nil || !meta.IsNoMatchError(err) {
		return found, err
	}
	c.mutex.Lock()
	if time.Since(c.renewed) > mapperAge {
		c.mapper.Reset()
		c.renewed = time.Now()
	}
	c.mutex.Unlock()
	return c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
}

// resource gives the client for one object.
func (c *cluster) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	found, err := c.mapping(object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if found.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.client.Resource(found.Resource), nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = c.namespace
	}
	return c.client.Resource(found.Resource).Namespace(namespace), nil
}

// isNamespaced is true for a kind that nobody knows yet: most are.
func (c *cluster) isNamespaced(kind schema.GroupVersionKind) (bool, error) {
	c.mutex.Lock()
	namespaced, defined := c.scopes[kind.GroupKind()]
	c.mutex.Unlock()
	if defined {
		return namespaced, nil
	}
	found, err := c.mapping(kind)
	if meta.IsNoMatchError(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot ask the cluster for its kinds: %w", err)
	}
	return found.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

// define remembers the scope of a CustomResourceDefinition of the program.
func (c *cluster) define(definition *unstructured.Unstructured) {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
	scope, _, _ := unstructured.NestedString(definition.Object, "spec", "scope")
	if scope == "" {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.scopes[schema.GroupKind{Group: group, Kind: kind}] = scope == "Namespaced"
}

// whyUnreachable says in one line why a cluster does not answer.
func whyUnreachable(err error) string {
	type coded interface{ Status() int }
	var code coded
	if errors.As(err, &code) && code.Status() == http.StatusUnauthorized {
		return "the API server does not accept the credentials of the kubeconfig"
	}
	return err.Error()
}
