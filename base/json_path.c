#include "base/json_path.h"
