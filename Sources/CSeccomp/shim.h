#pragma once
#include <cap-ng.h>
#include <seccomp.h>
