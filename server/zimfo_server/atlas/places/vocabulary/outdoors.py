"""Parks, sport, nature."""

from zimfo_server.atlas.places.vocabulary.kind import Kind

OUTDOORS = (
    Kind(
        "park",
        also="garden public_garden green_space city_park",
        subtypes=(
            "park garden national_park nature_reserve state_park public_garden botanical_garden recreation_ground "
            "park/*"
        ),
        names=(
            "park parco giardini giardino jardin jardins jardí garden gardens parc puisto *puisto ġnien gnien parque"
        ),
        among="leisure",
        unless="theme bike car hotel residence adventure",
    ),
    Kind(
        "nature",
        also="nature_reserve national_park forest wood",
        subtypes=("national_park nature_reserve forest wood protected_area park/national_park park/nature_reserve"),
    ),
    Kind(
        "dog_park",
        also="off_leash",
        subtypes="dog_park",
        names="dog dogs area_cani *koirapuisto",
        among="park leisure none",
    ),
    Kind(
        "skate_park",
        also="skatepark skating",
        subtypes="skate_park skatepark skateboard",
        names="skate skatepark skateboard",
        among="park leisure sport none pitch",
    ),
    Kind(
        "playground",
        also="kids_park play_area",
        subtypes="playground",
        names=("playground playgroung play_ground parco_giochi aire_de_jeux parc_infantil *leikkipuisto spielplatz"),
        among="park leisure none",
    ),
    Kind(
        "hiking_trail",
        also="trail hike hiking footpath walking_trail trailhead walk",
        subtypes="trail trailhead hiking_trail *_trail street/path street/track",
        names="trail trailhead sentier sendero camí sentiero itinerari ruta",
        among="tourism attraction leisure none",
    ),
    Kind(
        "beach",
        also="swimming_beach",
        subtypes="beach",
        names="beach spiaggia plage platja playa strand bay",
        among="leisure attraction none natural",
        unless="bar hotel residence club restaurant lido",
    ),
    Kind(
        "swimming_pool",
        also="pool swimming aquatic_center",
        subtypes="swimming_pool swimming swimming_area water_park",
        names="swimming pool piscina piscine *uimahalli natatorio stade_nautique",
        among="leisure sport stadium none",
    ),
    Kind(
        "gym",
        also="fitness fitness_center fitness_centre health_club workout",
        subtypes="gym fitness_centre fitness_center sports_centre fitness_station",
        names="gym fitness palestra kuntosali *kuntosali gimnasio crossfit gymnasia",
        among="leisure sport amenity none",
    ),
    Kind(
        "climbing_gym",
        also="climbing bouldering climbing_wall rock_climbing",
        subtypes="climbing climbing_gym rock_climbing_gym rock_climbing_spot",
        names="climbing bouldering boulder kletter kletterhalle rocòdrom escalada arrampicata *kiipeily",
        among="leisure sport attraction none",
    ),
    Kind(
        "yoga_studio",
        also="yoga pilates",
        subtypes="yoga yoga_studio pilates_studio",
        names="yoga pilates",
        among="leisure sport shop amenity none",
    ),
    Kind(
        "dance_studio",
        also="dance dance_school",
        subtypes="dance dance_studio dance_school",
        names="dance danza danse tanssi ballet *tanssikoulu",
        among="leisure amenity school none",
    ),
    Kind(
        "tennis_court",
        also="tennis tennis_club",
        subtypes="tennis tennis_court",
        names="tennis",
        among="leisure sport pitch none",
    ),
    Kind(
        "pickleball_court",
        also="pickleball",
        subtypes="pickleball pickleball_court",
        names="pickleball",
        among="leisure sport pitch none",
    ),
    Kind(
        "basketball_court",
        also="basketball",
        subtypes="basketball basketball_court",
        names="basketball basket pallacanestro baloncesto",
        among="leisure sport pitch none",
    ),
    Kind(
        "sports_venue",
        also="sport sports_center sports_centre sports_club stadium arena sports_field football_pitch soccer",
        subtypes=(
            "stadium sport sports_centre pitch sports_* golf arena soccer american_football track swimming "
            "*_stadium *_court"
        ),
        names=(
            "stadium stadio stade estadi estadio arena sport sports football pitch centro_sportivo palaghiaccio "
            "polisportiva *stadion"
        ),
        among="leisure none",
    ),
    Kind(
        "golf_course",
        also="golf mini_golf",
        subtypes="golf golf_course miniature_golf",
    ),
    Kind(
        "zoo",
        also="aquarium wildlife_park petting_zoo",
        subtypes="zoo aquarium",
        names="zoo aquarium acquario wildlife_park bird_park animalier",
        among="tourism attraction leisure none",
    ),
    Kind(
        "theme_park",
        also="amusement_park water_park",
        subtypes="theme_park amusement_park water_park",
        names="theme_park amusement luna_park adventure_park fun_park",
        among="tourism attraction leisure none",
    ),
    Kind(
        "casino",
        also="gambling",
        subtypes="casino",
        names="casino casinò",
        among="attraction leisure amenity none",
    ),
    Kind(
        "square",
        also="plaza piazza",
        subtypes="square plaza public_plaza place/square",
        names="piazza piazzale place plaza plaça square platz misraħ *tori",
        among="park leisure",
    ),
    Kind(
        "lake",
        also="pond reservoir",
        subtypes="water/lake water/pond water/reservoir lake",
    ),
    Kind(
        "river",
        also="stream creek canal waterfall",
        subtypes="water/river water/stream water/canal river waterfall",
    ),
    Kind(
        "water",
        also="body_of_water",
        subtypes="water/*",
    ),
    Kind(
        "peak",
        also="mountain hill summit mountain_peak",
        subtypes="peak/* peak hill mountain",
    ),
    Kind(
        "marina",
        also="harbor harbour port ferry_terminal",
        subtypes="harbor marina harbour ferry_terminal",
        names="marina harbour port porto",
    ),
)
