#include "base/zone.h"
