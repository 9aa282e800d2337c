#include "scheduler/net/loop.h"
