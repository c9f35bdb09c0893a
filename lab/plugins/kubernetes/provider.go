// The provider as the engine sees it: its configuration, and what it does not offer.
package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	log *engineLog
	// lifetime ends when the engine cancels.
	lifetime context.Context
	stop     context.CancelFunc

	mutex    sync.Mutex
	settings settings
	cluster  *cluster
	// unreachable says why there is no cluster.
	unreachable string
	// replaced are the UIDs of objects that this update replaces.
	replaced map[string]bool
}

func newProvider(log *engineLog) *provider {
	lifetime, stop := context.WithCancel(context.Background())
	return &provider{log: log, lifetime: lifetime, stop: stop, settings: settings{}, unreachable: "the provider was not configured", replaced: map[string]bool{}}
}

// during gives a context that also ends when the engine cancels.
func (p *provider) during(ctx context.Context) (context.Context, context.CancelFunc) {
	joined, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(p.lifetime, cancel)
	return joined, func() { release(); cancel() }
}

func (p *provider) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	given, err := settingsOf(request.GetNews().AsMap())
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.CheckResponse{Inputs: request.GetNews()}
	if name, reason := given.refusal(); name != "" {
		answer.Failures = append(answer.Failures, &pulumirpc.CheckFailure{Property: name, Reason: reason})
	}
	return answer, nil
}

// DiffConfig: another cluster means other objects, so all of them are replaced; any other change of the settings is none of theirs.
func (p *provider) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before, err := fromEngine(request.GetOlds())
	if err != nil {
		return nil, err
	}
	after, err := fromEngine(request.GetNews())
	if err != nil {
		return nil, err
	}
	difference := before.Diff(after)
	if difference == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	answer := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, key := range difference.ChangedKeys() {
		answer.Diffs = append(answer.Diffs, string(key))
	}
	const identifier = resource.PropertyKey("clusterIdentifier")
	if before.HasValue(identifier) && after.HasValue(identifier) {
		if difference.Updated(identifier) {
			answer.Replaces = append(answer.Replaces, string(identifier))
		}
		return answer, nil
	}
	isOther := !reflect.DeepEqual(plainSettings(before).activeCluster(), plainSettings(after).activeCluster())
	for _, key := range []string{"kubeconfig", "context", "cluster"} {
		if slices.Contains(answer.Diffs, key) && (isOther || after[resource.PropertyKey(key)].ContainsUnknowns()) {
			answer.Replaces = append(answer.Replaces, key)
		}
	}
	return answer, nil
}

func plainSettings(properties resource.PropertyMap) settings {
	given, _ := settingsOf(toObject(properties).Object)
	return given
}

func settingsOf(values map[string]any) (settings, error) {
	given := settings{}
	for name, value := range values {
		if text, ok := value.(string); ok {
			given[name] = text
		}
	}
	return given, nil
}

func (p *provider) Configure(ctx context.Context, request *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	given := settings{}
	for name, value := range request.GetVariables() {
		given[strings.TrimPrefix(name, "kubernetes:config:")] = value
	}
	if name, reason := given.refusal(); name != "" {
		return nil, status.Errorf(codes.InvalidArgument, "%s: %s", name, reason)
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	connected, reason := open(ctx, given)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.settings, p.cluster, p.unreachable = given, connected, reason
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true}, nil
}

// open does not fail: without its cluster a program can still be previewed.
func open(ctx context.Context, given settings) (*cluster, string) {
	config, namespace, err := given.clientConfig()
	if err != nil {
		return nil, err.Error()
	}
	connected, err := connect(ctx, config, namespace)
	if err != nil {
		return nil, fmt.Sprintf("%s: %s", config.Host, whyUnreachable(err))
	}
	return connected, ""
}

// reach gives the cluster, or says why there is none.
func (p *provider) reach() (*cluster, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.cluster == nil {
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable: %s", p.unreachable)
	}
	return p.cluster, nil
}

func (p *provider) isOn(setting, environment string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.settings.isOn(setting, environment)
}

func (p *provider) markReplaced(uid string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.replaced[uid] = true
}

func (p *provider) isReplaced(uid string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.replaced[uid]
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.stop()
	return &emptypb.Empty{}, nil
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (p *provider) Attach(_ context.Context, request *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, p.log.connect(request.GetAddress())
}

func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"kubernetes","version":%q}`, version)}, nil
}

// notOffered names what only the official plugin does.
func notOffered(what string) error {
	return status.Errorf(codes.Unimplemented, "%s is not offered by this plugin, which Warren built because the official one could not be downloaded; "+
		"it serves single objects (their classes, and CustomResource). Install the official one for it: `pulumi plugin install resource kubernetes %s --reinstall`", what, version)
}

func (p *provider) Construct(_ context.Context, request *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, notOffered("the component " + request.GetType())
}

func (p *provider) Invoke(_ context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, notOffered("the function " + request.GetTok())
}

func (p *provider) Call(_ context.Context, request *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, notOffered("the method " + request.GetTok())
}
