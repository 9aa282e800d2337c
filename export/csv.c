#include "export/csv.h"
