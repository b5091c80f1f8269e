"""Built demo archives are package data: `encyclopedia.zim` lies in this folder."""
