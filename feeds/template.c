#include "feeds/template.h"
