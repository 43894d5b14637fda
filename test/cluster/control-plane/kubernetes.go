package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeletcmd "k8s.io/kubernetes/cmd/kubelet/app"
)

func etcd(args []string) int {
	etcdmain.Main(args)
	return 0
}

func kubeAPIServer(args []string) int {
	return runCommand(apiserver.NewAPIServerCommand, args)
}

func kubeControllerManager(args []string) int {
	return runCommand(controllermanager.NewControllerManagerCommand, args)
}

func kubeScheduler(args []string) int {
	return runCommand(func() *cobra.Command { return scheduler.NewSchedulerCommand() }, args)
}

func kubelet(args []string) int {
	return runCommand(func() *cobra.Command { return kubeletcmd.NewKubeletCommand(context.Background()) }, args)
}

func kubeProxy(args []string) int {
	return runCommand(proxy.NewProxyCommand, args)
}

func kubectl(args []string) int {
	return runCommand(kubectlcmd.NewDefaultKubectlCommand, args)
}

// Some commands read os.Args while they are built, not only cobra's own copy.
func runCommand(command func() *cobra.Command, args []string) int {
	os.Args = args
	return cli.Run(command())
}
