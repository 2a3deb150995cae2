// Command kube is every Kubernetes program that the end-to-end tests run, in one binary: it acts as the
// program whose name it is called by (a symbolic link), or as the one that its first argument names.
// One binary means one link step and one download of the modules that all of them share.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"
)

// programs maps the name of each program to the function that runs it and gives its exit code.
// Each reads os.Args itself, as it does in its own repository.
var programs = map[string]func() int{
	"etcd":                    runEtcd,
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 command(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kubectl":                 command(kubectl.NewDefaultKubectlCommand),
	"kubeadm":                 runKubeadm,
	"kwok":                    runKwok,
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kube" && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "kube holds no program named %q: call it through a link, or as `kube <program> ...`, "+
			"with one of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl, kubeadm, kwok\n", name)
		os.Exit(2)
	}
	os.Exit(run())
}

// command wraps a program that is one cobra command. It is built late: building it registers flags and metrics.
func command(build func() *cobra.Command) func() int {
	return func() int { return cli.Run(build()) }
}

func runEtcd() int {
	etcdmain.Main(os.Args) // ends the process itself on errors
	return 0
}

func runKubeadm() int {
	kubeadmerrors.HandleError(kubeadm.Run()) // prints an error and ends the process with the code that it stands for
	return 0
}

// runKwok does what kwok's own main does; its flags for logging and configuration are parsed before its command is built.
func runKwok() int {
	// cobra adds the global flags to every command; those of the other programs (--version, of another type) break kwok.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kwok cannot read its configuration:", err)
		return 1
	}
	program := kwok.NewCommand(ctx)
	program.PersistentFlags().AddFlagSet(flags)
	if err := program.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kwok ended:", err)
		return 1
	}
	return 0
}
