#include "storage/key.h"
