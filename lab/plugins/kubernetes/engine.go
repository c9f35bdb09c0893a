// What the plugin tells the user, through the engine.
package main

import (
	"context"
	"fmt"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// engineLog writes to the engine's log; without an engine (a debugger attaches later) it is silent.
type engineLog struct {
	mutex  sync.Mutex
	client pulumirpc.EngineClient
	said   map[string]bool
}

func (log *engineLog) connect(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("cannot reach the engine at %s: %w", address, err)
	}
	log.mutex.Lock()
	defer log.mutex.Unlock()
	log.client = pulumirpc.NewEngineClient(connection)
	return nil
}

func (log *engineLog) write(ctx context.Context, severity pulumirpc.LogSeverity, urn, message string, ephemeral bool) {
	log.mutex.Lock()
	client := log.client
	log.mutex.Unlock()
	if client == nil {
		return
	}
	// A lost line of the log must not fail the operation that it tells of.
	_, _ = client.Log(ctx, &pulumirpc.LogRequest{Severity: severity, Urn: urn, Message: message, Ephemeral: ephemeral})
}

// status shows what a resource waits for; it goes when the operation ends.
func (log *engineLog) status(ctx context.Context, urn, message string) {
	log.write(ctx, pulumirpc.LogSeverity_INFO, urn, message, true)
}

func (log *engineLog) info(ctx context.Context, urn, message string) {
	log.write(ctx, pulumirpc.LogSeverity_INFO, urn, message, false)
}

func (log *engineLog) warn(ctx context.Context, urn, message string) {
	log.write(ctx, pulumirpc.LogSeverity_WARNING, urn, message, false)
}

// warnOnce is for what holds for every resource alike.
func (log *engineLog) warnOnce(ctx context.Context, urn, message string) {
	log.mutex.Lock()
	again := log.said[message]
	if log.said == nil {
		log.said = map[string]bool{}
	}
	log.said[message] = true
	log.mutex.Unlock()
	if !again {
		log.warn(ctx, urn, message)
	}
}
