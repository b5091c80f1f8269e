"""Built demo archives are package data: `encyclopedia.zim` and `peninsula.zim`, a map, lie in this folder."""
