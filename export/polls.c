#include "export/polls.h"
