#include "feeds/feed.h"
