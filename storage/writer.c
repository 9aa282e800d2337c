#include "storage/writer.h"
