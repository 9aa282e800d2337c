#include "feeds/rows.h"
