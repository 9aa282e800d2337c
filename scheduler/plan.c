#include "scheduler/plan.h"
