#include "storage/pack.h"
