"""Culture, sights, education, worship."""

from zimfo_server.atlas.places.vocabulary.kind import Kind

# Names of what is classed as a sight but only tells of one.
INFORMATION = (
    "info information informazione informazioni informacio informacion infopoint mapa map board panel pal tickets "
    "ticketoffice ticket_office office_du_tourisme office_de_tourisme tourist_information tourist_office "
    "authority"
)
# Statues and the like, which maps class as art galleries (streetzim-format.md §5.3).
ART_WORKS = (
    "statue sculpture monument memorial mural fountain fontaine fontana bust buste relief fresco obelisk *patsas "
    "*reliefi *veistos *veistokset *suihkukaivo statua scultura denkmal brunnen estatua escultura torso monumento"
)

CULTURE = (
    Kind(
        "museum",
        also="history_museum art_museum science_museum",
        subtypes="museum *_museum planetarium",
        names=(
            "museum museo musée museu muzeum mużew *museo *museum museet museums folkmuseum pinacoteca exhibit "
            "exhibition planetarium"
        ),
        among="tourism attraction art_gallery historic amenity leisure poi none",
        unless="shop boutique parking hotel dental cafe",
    ),
    Kind(
        "gallery",
        also="art_gallery art",
        subtypes="art_gallery gallery *_gallery",
        names=(
            "gallery galleria galerie galeria *galleria *galleriet art arte arts kunst artist studio atelier "
            "contemporary"
        ),
        among="art_gallery",
        unless=ART_WORKS,
        mixed="art_gallery",
    ),
    Kind(
        "artwork",
        also="statue sculpture public_art mural street_art fountain",
        subtypes="artwork sculpture_statue statue mural sculpture fountain art_gallery",
        names=ART_WORKS,
        among="historic attraction tourism none",
        unless=("gallery galleria galerie galeria museum museo musée museu *galleria contemporary studio atelier"),
    ),
    Kind(
        "attraction",
        also=(
            "tourist_attraction sight sightseeing things_to_see point_of_interest place_of_interest tourist_spot "
            "interesting_place must_see"
        ),
        subtypes=(
            "attraction viewpoint museum *_museum gallery zoo theme_park aquarium castle historic monument "
            "memorial landmark* *_landmark amusement_park topic_park tourism"
        ),
        names="museum museo musée museu zoo aquarium castle castello monument",
        among="art_gallery amenity leisure poi none",
        unless=INFORMATION,
    ),
    Kind(
        "things_to_do",
        also="activity what_to_do fun entertainment",
        subtypes=(
            "attraction viewpoint museum *_museum zoo theme_park aquarium castle park national_park theatre "
            "theater cinema movie_theater arts_centre stadium sport swimming golf water_park amusement_park "
            "arcade bowling_alley leisure nightclub music_venue comedy_club escape_rooms tourism park/*"
        ),
        names="museum museo musée museu theatre teatro théâtre cinema zoo aquarium",
        among="art_gallery amenity poi none",
        unless=INFORMATION,
    ),
    Kind(
        "landmark",
        also="historical_landmark famous_place landmark_building",
        subtypes=(
            "landmark* *_landmark historic monument memorial castle ruins attraction tower fort archaeological_site"
        ),
        names=(
            "castle castello château fort tower torre basilica cathedral palace palazzo arch column monument memorial"
        ),
        among="tourism",
        unless=INFORMATION,
    ),
    Kind(
        "historic_site",
        also=(
            "historic historical history historical_site historical_place historical_event historical_building "
            "historic_place historic_building heritage historical_monument"
        ),
        subtypes=(
            "historic castle ruins monument memorial archaeological_site fort landmark_and_historical_building "
            "*_historical_*"
        ),
        names=(
            "castle castello château fort fortress battery tower torre torri ruins rovine temple temples "
            "catacombs memorial monument historic palace archeologico archaeological hypogeum museum museo"
        ),
        among="tourism attraction none",
        unless=f"{INFORMATION} pumping residence hotel",
    ),
    Kind(
        "monument",
        also="memorial war_memorial",
        subtypes="monument memorial historic",
        names="monument monumento memorial denkmal *muistomerkki",
        among="attraction tourism art_gallery none",
    ),
    Kind(
        "castle",
        also="fort fortress palace tower",
        subtypes="castle fort fortress palace tower",
        names="castle castello château fort fortress torre tower burg schloss castell linna",
        among="attraction historic tourism",
    ),
    Kind(
        "viewpoint",
        also="scenic_view lookout overlook scenic_spot scenic_viewpoint",
        subtypes="viewpoint scenic_* lookout",
        names="mirador viewpoint lookout belvedere panorama belvédère näköala *näköalapaikka",
        among="attraction tourism none",
    ),
    Kind(
        "theater",
        also="theatre performing_arts playhouse opera opera_house concert_hall",
        subtypes="theatre theater performing_arts concert_hall opera_house topic_concert_venue",
        names=(
            "theatre theater teatro théâtre *teatteri opera auditorium auditorio concert_hall conservatorio "
            "*talo_musiikki musiikkitalo philharmonic"
        ),
        unless="parking restaurant ristorante ravintola restaurante",
    ),
    Kind(
        "music_venue",
        also="live_music concert_venue concert",
        subtypes="music_venue concert_hall topic_concert_venue live_music",
        names="concert auditorium live_music live_club jazz forum",
        among="bar beer music amenity attraction leisure none",
        unless="parking",
    ),
    Kind(
        "cinema",
        also="movie_theater movie_theatre movie movie_house film",
        subtypes="cinema movie_theater drive_in_theater",
        names="cinema cinéma kino *kino multisala multiplex cineplex elokuvateatteri",
    ),
    Kind(
        "library",
        also="public_library",
        subtypes="library public_library",
        names="library biblioteca bibliothèque bibliothek *kirjasto librerija",
        among="amenity poi none",
        unless="bookshop bookstore books libreria librairie llibreria *kirjakauppa antikvariaatti",
    ),
    Kind(
        "university",
        also="college campus",
        subtypes="university college college_university campus_building",
        names="university università universidad université universitat politecnico yliopisto hochschule",
        among="none amenity building",
    ),
    Kind(
        "school",
        also="primary_school high_school elementary_school academy",
        subtypes="school *_school education high_school elementary_school",
        names="school scuola école escola escuela schule *koulu skola lycée liceo collegio",
        among="none amenity building",
        unless="driving dance diving",
    ),
    Kind(
        "kindergarten",
        also="nursery preschool daycare day_care",
        subtypes="kindergarten preschool day_care_preschool",
        names="kindergarten nursery asilo preschool crèche *päiväkoti",
        among="school none amenity",
    ),
    Kind(
        "church",
        also="cathedral chapel basilica place_of_worship worship",
        subtypes="place_of_worship church *_church church_* cathedral chapel basilica monastery",
        names=(
            "church chiesa basilica cattedrale cathedral cathédrale église chapelle chapel cappella kappella "
            "knisja iglesia església ermita capilla catedral kirche kapelle *kirkko *kirkkosali kappeli "
            "parrocchia parish santuario sanctuary oratorio santwarju abbazia abbey priory *tuomiokirkko"
        ),
        among="amenity place_of_worship historic attraction none",
        unless=(
            "parking mosque moschea mosquée synagogue sinagoga temple hindu school museum museo hotel musée museu "
            "aparcament restaurant ristorante ravintola restaurante"
        ),
    ),
    Kind(
        "mosque",
        also="islamic_center",
        subtypes="mosque muslim_place_of_worship",
        names="mosque moschea mosquée mezquita moschee *moskeija islamic",
        among="amenity place_of_worship historic attraction tourism poi none",
    ),
    Kind(
        "synagogue",
        also="jewish_temple",
        subtypes="synagogue jewish_place_of_worship",
        names="synagogue sinagoga synagoge *synagoga",
        among="amenity place_of_worship historic attraction tourism poi none",
    ),
    Kind(
        "temple",
        also="buddhist_temple hindu_temple shrine",
        subtypes=(
            "temple buddhist_temple hindu_temple *_temple shrine buddhist_place_of_worship hindu_place_of_worship"
        ),
        names="temple tempio hindu buddhist templo shrine pagoda",
        among="amenity place_of_worship historic attraction tourism poi none",
    ),
    Kind(
        "cemetery",
        also="graveyard grave_yard",
        subtypes="cemetery grave_yard cemeteries",
        names="cemetery cimitero cimetière cementiri cementerio friedhof *hautausmaa",
        among="attraction historic amenity landuse none",
        unless="parking",
    ),
)
