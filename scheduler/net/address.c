#include "scheduler/net/address.h"
