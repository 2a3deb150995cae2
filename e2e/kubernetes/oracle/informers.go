package main

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/informers/apps"
	"k8s.io/client-go/informers/core"
	"k8s.io/client-go/informers/internalinterfaces"
	"k8s.io/client-go/informers/policy"
	"k8s.io/client-go/informers/resource"
	"k8s.io/client-go/informers/scheduling"
	"k8s.io/client-go/informers/storage"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// factory gives the plugins informers that hold a case's objects and nothing else: no watch, no goroutine, no waiting.
// Only the groups that the scheduler reads lead here; the others are those of an ordinary factory that never starts.
type factory struct {
	informers.SharedInformerFactory
	client kubernetes.Interface
	byType map[string]*informer
}

func newFactory(client kubernetes.Interface) *factory {
	return &factory{informers.NewSharedInformerFactory(client, 0), client, map[string]*informer{}}
}

func (f *factory) Apps() apps.Interface             { return apps.New(f, "", nil) }
func (f *factory) Core() core.Interface             { return core.New(f, "", nil) }
func (f *factory) Policy() policy.Interface         { return policy.New(f, "", nil) }
func (f *factory) Resource() resource.Interface     { return resource.New(f, "", nil) }
func (f *factory) Scheduling() scheduling.Interface { return scheduling.New(f, "", nil) }
func (f *factory) Storage() storage.Interface       { return storage.New(f, "", nil) }

// InformerFor is where all typed accessors of a group end.
func (f *factory) InformerFor(object runtime.Object, build internalinterfaces.NewInformerFunc) cache.SharedIndexInformer {
	name := typeName(object)
	if known, there := f.byType[name]; there {
		return known
	}
	made := &informer{SharedIndexInformer: build(f.client, 0)}
	f.byType[name] = made
	return made
}

// put adds an object, or replaces the one of its name, and tells the handlers. Objects of types that nobody reads are left out.
func (f *factory) put(object runtime.Object) error {
	informer, read := f.byType[typeName(object)]
	if !read {
		return nil
	}
	old, there, err := informer.GetIndexer().Get(object)
	if err != nil {
		return err
	}
	if err := informer.GetIndexer().Add(object); err != nil {
		return err
	}
	for _, handler := range informer.handlers {
		if there {
			handler.OnUpdate(old, object)
		} else {
			handler.OnAdd(object, false)
		}
	}
	return nil
}

// informer is an informer that is never started: its store is filled by hand, its handlers are called in place.
type informer struct {
	cache.SharedIndexInformer
	handlers []cache.ResourceEventHandler
}

func (i *informer) AddEventHandler(handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.handlers = append(i.handlers, handler)
	return synced{}, nil
}

func (i *informer) AddEventHandlerWithResyncPeriod(handler cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(handler)
}

func (i *informer) AddEventHandlerWithOptions(handler cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(handler)
}

func (i *informer) HasSynced() bool                     { return true }
func (i *informer) HasSyncedChecker() cache.DoneChecker { return synced{} }

// synced says that there is nothing to wait for.
type synced struct{}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (synced) HasSynced() bool                     { return true }
func (synced) HasSyncedChecker() cache.DoneChecker { return synced{} }
func (synced) Name() string                        { return "a case's objects" }
func (synced) Done() <-chan struct{}               { return closed }
