#include "export/dump.h"
