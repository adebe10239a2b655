// Last of the scripts: every screen is known now.
"use strict";

field.app.boot();
