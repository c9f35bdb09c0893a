// The Pulumi plugin "kubernetes": the resources of the npm package @pulumi/kubernetes by server-side apply, for machines on which the official plugin cannot be had.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// version is set by the linker.
var version = "0.0.0"

// maxMessage bounds one gRPC message: a resource's state may be as large as an object in etcd, and several are sent at once.
const maxMessage = 400 << 20

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "-version" || os.Args[1] == "--version") {
		fmt.Println(version)
		return
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers the engine, whose address is the last argument, until the engine ends.
func serve() error {
	log := &engineLog{}
	if len(os.Args) > 1 {
		if err := log.connect(os.Args[len(os.Args)-1]); err != nil {
			return err
		}
	}
	plugin := newProvider(log)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, plugin)
			return nil
		},
		Options: []grpc.ServerOption{grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage)},
	})
	if err != nil {
		return fmt.Errorf("cannot listen for the engine: %w", err)
	}
	// The engine reads the port from here.
	fmt.Println(handle.Port)
	go endWithEngine(plugin.stop)
	return <-handle.Done
}

// endWithEngine ends this process when the engine was killed: it would otherwise wait, and change things, for nobody.
func endWithEngine(stop context.CancelFunc) {
	engine := os.Getppid()
	for os.Getppid() == engine {
		time.Sleep(500 * time.Millisecond)
	}
	stop()
	os.Exit(1)
}
