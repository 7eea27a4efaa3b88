#pragma once
#include <nftables/libnftables.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// The calling thread's id, which the kernel names as who changed rules.
static inline pid_t cnftables_thread(void)
{
    return (pid_t)syscall(SYS_gettid);
}
