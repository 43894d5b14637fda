package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	deviceplugin "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

func init() {
	programs["gpu-plugin"] = gpuPlugin
}

// gpuPlugin offers devices to the kubelet that are nothing but names, as
// NVIDIA's device plugin offers GPUs.
func gpuPlugin(args []string) int {
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	resource := flags.String("resource", "nvidia.com/gpu", "name of the extended resource")
	count := flags.Int("count", 1, "number of devices")
	if flags.Parse(args[1:]) != nil {
		return 2
	}
	if err := offerDevices(*resource, *count); err != nil {
		fmt.Fprintln(os.Stderr, "gpu-plugin:", err)
		return 1
	}
	return 0
}

func offerDevices(resource string, count int) error {
	endpoint := strings.ReplaceAll(resource, "/", "-") + ".sock"
	socket := filepath.Join(deviceplugin.DevicePluginPath, endpoint)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	deviceplugin.RegisterDevicePluginServer(server, &devices{count: count})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := register(resource, endpoint); err != nil {
		return err
	}
	return <-ended
}

func register(resource, endpoint string) error {
	connection, err := grpc.NewClient("unix://"+deviceplugin.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	request := &deviceplugin.RegisterRequest{Version: deviceplugin.Version, Endpoint: endpoint, ResourceName: resource}
	_, err = deviceplugin.NewRegistrationClient(connection).Register(context.Background(), request, grpc.WaitForReady(true))
	return err
}

type devices struct {
	deviceplugin.UnimplementedDevicePluginServer
	count int
}

func (d *devices) GetDevicePluginOptions(context.Context, *deviceplugin.Empty) (*deviceplugin.DevicePluginOptions, error) {
	return &deviceplugin.DevicePluginOptions{}, nil
}

// ListAndWatch tells all devices once, and that nothing changes for as long as
// the stream is open.
func (d *devices) ListAndWatch(_ *deviceplugin.Empty, stream grpc.ServerStreamingServer[deviceplugin.ListAndWatchResponse]) error {
	response := &deviceplugin.ListAndWatchResponse{}
	for number := range d.count {
		device := &deviceplugin.Device{ID: fmt.Sprintf("GPU-%d", number), Health: deviceplugin.Healthy}
		response.Devices = append(response.Devices, device)
	}
	if err := stream.Send(response); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate tells containers their devices as NVIDIA's plugin does.
func (d *devices) Allocate(_ context.Context, request *deviceplugin.AllocateRequest) (*deviceplugin.AllocateResponse, error) {
	response := &deviceplugin.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		visible := map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(container.DevicesIds, ",")}
		response.ContainerResponses = append(response.ContainerResponses, &deviceplugin.ContainerAllocateResponse{Envs: visible})
	}
	return response, nil
}
