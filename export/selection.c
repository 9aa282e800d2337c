#include "export/selection.h"
