#include "storage/verify.h"
