package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func init() {
	programs["credentials"] = credentials
}

type user struct {
	file, name, group string
}

var kubeconfigUsers = []user{
	{file: "admin", name: "admin", group: "system:masters"},
	{file: "controller-manager", name: "system:kube-controller-manager"},
	{file: "scheduler", name: "system:kube-scheduler"},
}

// node is where a kubelet runs; without a name there is none.
type node struct {
	name, address string
}

func (n node) users() []user {
	if n.name == "" {
		return nil
	}
	return []user{
		{file: "kubelet", name: "system:node:" + n.name, group: "system:nodes"},
		{file: "kube-proxy", name: "system:kube-proxy"},
		{file: "coredns", name: "system:coredns"},
	}
}

// credentials writes every key, certificate and kubeconfig a control plane
// needs into one folder.
func credentials(args []string) int {
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	dir := flags.String("dir", ".", "folder to write to")
	server := flags.String("server", "", "URL of the API server")
	names := flags.String("names", "127.0.0.1,localhost", "addresses and DNS names of the API server, separated by commas")
	nodeName := flags.String("node", "", "name of a node whose programs get credentials too")
	nodeAddress := flags.String("node-address", "", "address of that node")
	if flags.Parse(args[1:]) != nil {
		return 2
	}
	worker := node{name: *nodeName, address: *nodeAddress}
	if err := writeCredentials(*dir, *server, strings.Split(*names, ","), worker); err != nil {
		fmt.Fprintln(os.Stderr, "credentials:", err)
		return 1
	}
	return 0
}

func writeCredentials(dir, server string, names []string, worker node) error {
	ca, err := newAuthority("kubernetes")
	if err != nil {
		return err
	}
	frontProxyCA, err := newAuthority("front-proxy")
	if err != nil {
		return err
	}
	apiServer, err := ca.issue(serverCertificate("kube-apiserver", names))
	if err != nil {
		return err
	}
	kubeletClient, err := ca.issue(clientCertificate("kube-apiserver-kubelet-client", "system:masters"))
	if err != nil {
		return err
	}
	frontProxy, err := frontProxyCA.issue(clientCertificate("front-proxy-client", ""))
	if err != nil {
		return err
	}
	pairs := map[string]pair{
		"ca":                       ca.pair,
		"front-proxy-ca":           frontProxyCA.pair,
		"apiserver":                apiServer,
		"apiserver-kubelet-client": kubeletClient,
		"front-proxy-client":       frontProxy,
	}
	if worker.name != "" {
		kubelet, err := ca.issue(serverCertificate("system:node:"+worker.name, []string{worker.name, worker.address}))
		if err != nil {
			return err
		}
		pairs["kubelet-server"] = kubelet
	}
	for _, u := range append(worker.users(), kubeconfigUsers...) {
		client, err := ca.issue(clientCertificate(u.name, u.group))
		if err != nil {
			return err
		}
		pairs[u.file] = client
		config := kubeconfig(server, ca.certificatePEM, client)
		if err := clientcmd.WriteToFile(config, filepath.Join(dir, u.file+".kubeconfig")); err != nil {
			return err
		}
	}
	for name, p := range pairs {
		if err := p.write(dir, name); err != nil {
			return err
		}
	}
	return writeServiceAccountKey(dir)
}

func kubeconfig(server string, ca []byte, client pair) clientcmdapi.Config {
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: client.certificatePEM,
		ClientKeyData:         client.keyPEM,
	}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	return *config
}

func serverCertificate(commonName string, names []string) *x509.Certificate {
	template := certificate(commonName, "", x509.ExtKeyUsageServerAuth)
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

func clientCertificate(commonName, organization string) *x509.Certificate {
	return certificate(commonName, organization, x509.ExtKeyUsageClientAuth)
}
