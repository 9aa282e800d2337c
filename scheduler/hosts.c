#include "scheduler/hosts.h"
