#include "feeds/secret.h"
