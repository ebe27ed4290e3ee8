// Asks envoyproxy/ratelimit for decisions over six limits, so many at once, and prints one row of the README's table.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	common "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	service "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	connections = 4
	inFlight    = 128
	keys        = 10_000
)

var next, failures atomic.Int64

func main() {
	address := os.Args[1]
	measured, err := time.ParseDuration(os.Args[2])
	if err != nil {
		panic(err)
	}
	clients := make([]service.RateLimitServiceClient, connections)
	for i := range clients {
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
		if err != nil {
			panic(err)
		}
		clients[i] = service.NewRateLimitServiceClient(connection)
	}
	run(clients, measured)
	latencies, seconds := run(clients, measured)
	fmt.Printf("%.0f/s, %.2f ms, not admitted: %d\n", float64(len(latencies))/seconds,
		float64(latencies[len(latencies)*99/100].Microseconds())/1000, failures.Load())
}

func run(clients []service.RateLimitServiceClient, time_ time.Duration) ([]time.Duration, float64) {
	begun := time.Now()
	each := make([][]time.Duration, inFlight)
	var all sync.WaitGroup
	for i := range inFlight {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Since(begun) < time_ {
				asked := time.Now()
				answer, err := clients[i%connections].ShouldRateLimit(context.Background(), request(next.Add(1)%keys))
				if err != nil || answer.OverallCode != service.RateLimitResponse_OK {
					failures.Add(1)
				}
				each[i] = append(each[i], time.Since(asked))
			}
		}()
	}
	all.Wait()
	seconds := time.Since(begun).Seconds()
	latencies := slices.Concat(each...)
	slices.Sort(latencies)
	return latencies, seconds
}

func request(i int64) *service.RateLimitRequest {
	user := "user:" + strconv.FormatInt(i, 10)
	return &service.RateLimitRequest{
		Domain: "sluice",
		Descriptors: []*common.RateLimitDescriptor{
			descriptor("ip", fmt.Sprintf("10.0.%d.%d", i>>8, i&255)),
			descriptor("user", user),
			descriptor("daily", user),
			descriptor("endpoint", user),
			descriptor("parallel", user),
			descriptor("units", "all"),
		},
	}
}

func descriptor(key, value string) *common.RateLimitDescriptor {
	return &common.RateLimitDescriptor{Entries: []*common.RateLimitDescriptor_Entry{{Key: key, Value: value}}}
}
