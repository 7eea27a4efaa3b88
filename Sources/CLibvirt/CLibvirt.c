#include "CLibvirt.h"

#include <dlfcn.h>
#include <stddef.h>

static void be_silent(void *unused, void *error) {
    (void)unused;
    (void)error;
}

const struct clibvirt *clibvirt_open(const char **reason) {
    static struct clibvirt table;
    void *library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        *reason = dlerror();
        return NULL;
    }
    const struct {
        const char *name;
        void *place;
    } functions[] = {
#define FUNCTION(name) {#name, &table.name}
        FUNCTION(virConnectOpen),        FUNCTION(virConnectClose),        FUNCTION(virGetLastErrorMessage),
        FUNCTION(virConnectListAllNetworks), FUNCTION(virNetworkDefineXML), FUNCTION(virNetworkCreate),
        FUNCTION(virNetworkSetAutostart), FUNCTION(virNetworkGetAutostart), FUNCTION(virNetworkIsActive),
        FUNCTION(virNetworkIsPersistent), FUNCTION(virNetworkGetName),     FUNCTION(virNetworkGetXMLDesc),
        FUNCTION(virNetworkFree),
#undef FUNCTION
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(library, functions[i].name);
        if (function == NULL) {
            *reason = dlerror();
            return NULL;
        }
        *(void **)functions[i].place = function;
    }
    void (*set_handler)(void *, void (*)(void *, void *));
    *(void **)&set_handler = dlsym(library, "virSetErrorFunc");
    if (set_handler != NULL) set_handler(NULL, be_silent);
    return &table;
}
