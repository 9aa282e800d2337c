#include "scheduler/net/transfers.h"
