#include "export/gaps.h"
